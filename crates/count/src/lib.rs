//! The domain and the fold.
