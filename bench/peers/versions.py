"""Writes the versions of the peers' libraries as one line of JSON."""

import json
import sys
from importlib.metadata import version

LIBRARIES = ("faststream", "celery", "kombu", "aio-pika", "pydantic", "uvloop")

if __name__ == "__main__":
    sys.stdout.write(json.dumps({library: version(library) for library in LIBRARIES}) + "\n")
