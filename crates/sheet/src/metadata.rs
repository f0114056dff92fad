//! Removing everything from a picture file that is not its pixels.
