//! Finding and reading the QR codes of a picture.
