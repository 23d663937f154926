"""Can trivial facts of the files tell real from generated? The audit that comes before a launch."""
