"""What the drill's next release brings: a migration of tables that raters write to while it runs."""
