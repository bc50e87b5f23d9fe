"""The console: what coordinators, providers, municipalities and those who watch over them look at."""
