//! Pages, API and downloads.
