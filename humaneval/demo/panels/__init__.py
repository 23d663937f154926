"""Stand-ins for panels on this machine, for shows and tests: what they refuse, the panels refuse."""
