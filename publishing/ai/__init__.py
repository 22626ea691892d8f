"""Help with writing: by Claude where the desk has a key, else by a plain helper that says that it is one."""
