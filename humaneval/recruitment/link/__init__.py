"""The link: raters who were sent an address, by hand or by any panel that needs no more than that."""
