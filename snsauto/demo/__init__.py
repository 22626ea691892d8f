"""The demo: a bakery-café's desk, full of work, on networks that the sandbox plays."""
