"""What starts runs without a person, and what tells people about them: sensors, schedules, jobs, alerts. All of it is off until somebody turns it on."""
