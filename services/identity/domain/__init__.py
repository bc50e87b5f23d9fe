"""Rules: which key signs, and until when the public part of each is needed."""
