//! Pixels: from the bytes of a captured tally sheet to payload text, masked renditions and simulated sheets.
