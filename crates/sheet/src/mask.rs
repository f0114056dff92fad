//! Hiding areas with personal data in what is published.
