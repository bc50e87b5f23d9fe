"""The product side of the bench: the real services, driven and watched from outside."""
