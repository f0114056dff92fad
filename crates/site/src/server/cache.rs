//! Answers that were made already, for one state of the count. A new state begins with an empty cache.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, RwLock};

use bytes::Bytes;
use hyper::header::HeaderValue;
use tokio::sync::OnceCell;

use crate::respond::Site;
use crate::view::View;

/// So many bytes of answers are kept, twice: what was not asked for again since the last turn is dropped.
const KEPT: usize = 32 << 20;

/// A larger answer is made anew each time.
const LARGEST_KEPT: usize = 4 << 20;

/// A state of the count with the answers made from it.
#[derive(Debug)]
pub(super) struct Edition {
    pub site: Site,
    pub cache: Cache,
}

/// An answer ready to be sent.
#[derive(Debug)]
pub(super) struct Prepared {
    pub status: hyper::StatusCode,
    pub content_type: HeaderValue,
    pub cache_control: HeaderValue,
    pub etag: HeaderValue,
    /// For programs on other sites.
    pub shared: bool,
    /// Whether other sites may show it in a frame.
    pub framed: bool,
    pub attachment: bool,
    pub plain: Bytes,
    pub gzip: Option<Bytes>,
}

/// Of one address: empty until the first who asks has made it; all others wait for that one.
pub(super) type Slot = Arc<OnceCell<Arc<Prepared>>>;

/// Two generations of answers. A turn drops the older and makes the younger the older.
#[derive(Debug, Default)]
pub(super) struct Cache {
    young: RwLock<HashMap<String, Slot>>,
    old: RwLock<HashMap<String, Slot>>,
    bytes: AtomicUsize,
}

impl Edition {
    pub fn new(view: View) -> Self {
        Self { site: Site::new(Arc::new(view), true), cache: Cache::default() }
    }
}

impl Prepared {
    fn size(&self) -> usize {
        // Headers and the table's own needs are about this.
        const AROUND: usize = 512;
        AROUND + self.plain.len() + self.gzip.as_ref().map_or(0, Bytes::len)
    }

    fn worth_keeping(&self) -> bool {
        self.status == hyper::StatusCode::OK && self.size() <= LARGEST_KEPT
    }
}

impl Cache {
    /// The place of an address's answer.
    pub fn slot(&self, path: &str) -> Slot {
        if let Some(slot) = self.young.read().ok().and_then(|young| young.get(path).cloned()) {
            return slot;
        }
        let again = self.old.read().ok().and_then(|old| old.get(path).cloned());
        let Ok(mut young) = self.young.write() else { return Slot::default() };
        let slot = young.entry(path.to_owned()).or_insert_with(|| again.unwrap_or_default());
        Arc::clone(slot)
    }

    /// After an answer was made: forgets it if it is not worth its place, and makes room.
    pub fn settle(&self, path: &str, prepared: &Prepared) {
        if !prepared.worth_keeping() {
            if let Ok(mut young) = self.young.write() {
                young.remove(path);
            }
            return;
        }
        if self.bytes.fetch_add(prepared.size(), Ordering::Relaxed) + prepared.size() > KEPT
            && let (Ok(mut young), Ok(mut old)) = (self.young.write(), self.old.write())
        {
            *old = std::mem::take(&mut *young);
            self.bytes.store(0, Ordering::Relaxed);
        }
    }
}
