"""The peers: what others do in one hop, each at its best durable settings.

They run with the interpreter of an environment of their own, and import nothing that is not installed there.
"""
