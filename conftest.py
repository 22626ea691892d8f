"""What every test shares."""

import os

os.environ.setdefault("SANDBOX", "on")
