"""Two workers, unless GENOPT_WORKERS says otherwise; nothing else is set up out of sight."""

import os

os.environ.setdefault("GENOPT_WORKERS", "2")
