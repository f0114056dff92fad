//! Keys under a passphrase.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a failed test is a panic")]

use std::fs;

use testigo_archive::{ArchiveError, LockedKey, StoredKey, create_key_file, read_key_file};

fn locked(path: &std::path::Path) -> Box<LockedKey> {
    match StoredKey::read(path) {
        Ok(StoredKey::Locked(key)) => key,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_locked_key_opens_with_its_passphrase_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("offline.key");
    let passphrase = "four words and ñandú";
    let key = create_key_file(&path, "offline", Some(passphrase)).unwrap();
    let text = fs::read_to_string(&path).unwrap();
    assert!(!text.contains(&key.to_secret_text()) && !text.contains("PRIVATE"), "{text}");
    // The public half is there for everyone; signing needs the passphrase.
    assert_eq!(StoredKey::read(&path).unwrap().verifying_key(), key.verifying_key());
    assert!(matches!(read_key_file(&path), Err(ArchiveError::KeyLocked { .. })));
    assert_eq!(locked(&path).unlock(passphrase).unwrap().to_secret_text(), key.to_secret_text());
    for wrong in ["", "four words and nandu", "four words and ñandú "] {
        let refused = locked(&path).unlock(wrong).unwrap_err();
        assert!(matches!(refused, ArchiveError::WrongPassphrase { .. }), "{refused}");
    }
    // Two files under one passphrase have nothing in common.
    let other = folder.path().join("other.key");
    create_key_file(&other, "offline", Some(passphrase)).unwrap();
    assert_ne!(fs::read_to_string(&other).unwrap().lines().nth(2), text.lines().nth(2));
}

#[test]
fn a_changed_file_is_refused_and_asks_for_nothing_excessive() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("offline.key");
    create_key_file(&path, "offline", Some("four words and more")).unwrap();
    let text = fs::read_to_string(&path).unwrap();
    let refuses = |changed: String| {
        fs::write(&path, &changed).unwrap();
        match StoredKey::read(&path) {
            Err(_) => {}
            Ok(StoredKey::Open(_)) => panic!("{changed}"),
            Ok(StoredKey::Locked(key)) => assert!(key.unlock("four words and more").is_err(), "{changed}"),
        }
    };
    let lines: Vec<&str> = text.lines().collect();
    let sealed = lines[3];
    let flipped = |at: usize| {
        let mut changed = sealed.as_bytes().to_vec();
        changed[at] = if changed[at] == b'A' { b'B' } else { b'A' };
        text.replace(sealed, std::str::from_utf8(&changed).unwrap())
    };
    // The nonce, the key under it, and the tag.
    for at in [0, 40, sealed.len() - 6] {
        refuses(flipped(at));
    }
    refuses(text.replace("argon2id 65536 3 1 ", "argon2id 65536 2 1 "));
    refuses(text.replace("argon2id 65536", "argon2id 4294967295"));
    refuses(text.replace("argon2id 65536 3", "argon2id 65536 4294967295"));
    refuses(text.replace("argon2id", "scrypt"));
    refuses(lines[..3].join("\n"));
    refuses(format!("{text}more\n"));
}
