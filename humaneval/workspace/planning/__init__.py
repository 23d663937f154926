"""How large a study needs to be, what it costs and how long it takes; the statistics are in ``stats``."""
