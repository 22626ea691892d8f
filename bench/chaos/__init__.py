"""Chaos: a whole desk is beaten while it publishes, and then what stands on the networks is counted."""
