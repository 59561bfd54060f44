"""What a page tells its reader to run is tried as it is printed."""
