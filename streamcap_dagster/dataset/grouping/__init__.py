"""Which videos show the same: found by the hashes of their pictures, and given groups that keep their names as videos come and go."""
