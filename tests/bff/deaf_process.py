"""A process of runs that never reads what it is sent."""

import threading

if __name__ == "__main__":
    threading.Event().wait()
