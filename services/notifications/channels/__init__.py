"""The channels: in which ways a recipient is told. Each is one module, or one package, behind `port.py`."""
