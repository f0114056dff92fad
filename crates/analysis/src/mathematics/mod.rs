//! The special functions and descriptions that the statistics need, small enough to be read. Each is tested against
//! values computed elsewhere with more digits.

pub mod binomial;
pub mod describe;
pub mod gamma;
pub mod multiplicity;
