"""What starts runs without a person, and what tells people about them. Off until somebody turns it on is what looks for videos and so may cost money;
on from the start is what follows: the dataset after a backfill that was asked for, and alerts.
"""
