"""What the world lends the assets: typed configuration that builds plain objects of ours. The work itself is in the step packages."""
