"""What people decided while they watched a video with its captions: kept, so that two of them do not overwrite each other, and told to what comes after."""
