"""The command line: parses, shows, exits. Holds no logic of runs."""
