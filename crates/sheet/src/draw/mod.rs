//! Drawing simulated tally sheets.
