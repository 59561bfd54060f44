"""How soon things have to happen, in seconds: `make hostile` judges by these.

The short trials that `make test` runs look at no clock and wait longer for everything.
"""

STARTED_S = 240.0
LINE_S = 30.0
HONEST_S = 5.0
NOT_HELD_UP_S = 1.0
FLOOD_S = 6.0
DRIP_S = 12.0
OFFERED_S = 2.0
CURL_S = 5.0
DROPPED_S = 30.0
STOPPED_S = 30.0
QUESTION_S = 3.0
UNREAD_TOLD_S = 10.0
UNREAD_STOPPED_S = 5.0
ENDED_S = 60.0
SUPERVISOR_LOST_S = 15.0
