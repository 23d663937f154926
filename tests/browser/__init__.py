"""What people see and touch, in a real Chromium against a real server."""
