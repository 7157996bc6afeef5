"""The Faust side of validation: the app, its consumer mended, batching, the watchdog."""
