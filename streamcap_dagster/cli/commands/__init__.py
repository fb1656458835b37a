"""The commands and their options, one file for each panel of `streamcap --help`. What they do is in the modules beside this folder."""
