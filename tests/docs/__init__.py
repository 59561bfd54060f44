"""Whatever a page tells its reader to run is run as it is printed."""
