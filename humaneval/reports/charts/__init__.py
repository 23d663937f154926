"""Charts of a report as SVG that follows the page's colours: drawn on the server, without any script."""
