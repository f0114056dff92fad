//! The public site: pages, API and downloads of a count, in every language of its pack.
//!
//! [`Site::respond`] is a pure function from a [`View`] (a count with the ledger's head) and an address to an answer;
//! the live server and a static mirror use the same one. [`serve`] follows an archive and answers over HTTP. Nothing
//! public is computed here: pages say what the [`testigo_count::Count`] says.

pub mod address;
pub mod assets;
pub mod audited;
pub mod download;
pub mod evidence;
pub mod find;
pub mod language;
pub mod map;
pub mod mirror;
mod page;
pub mod places;
pub mod respond;
pub mod screened;
pub mod server;
pub mod settings;
pub mod source;
pub mod torrent;
pub mod view;

pub use respond::{Body, Freshness, Response, Site};
pub use server::{Handle, ServeError, serve, start};
pub use source::{MemorySource, Source, SourceError};
pub use view::{Head, View};
