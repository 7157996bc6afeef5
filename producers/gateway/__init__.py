"""The push service: vendors' HTTP door, and what it tells them of their pushes."""
