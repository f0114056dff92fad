//! What is in a mirror's folder beside the files that belong there. A mirror has as many folders as pages: they are looked through on all
//! processors.

use std::fs;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use super::parallel::for_each;

/// Something that does not belong.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Stranger {
    /// Relative to the mirror, with `/` between names; what is no text in it is replaced.
    pub path: String,
    /// Where it is.
    pub place: PathBuf,
    /// Whether it is a folder, none of which belongs.
    pub is_folder: bool,
}

/// Everything in a folder but the files with these paths, which must be sorted, by path. A link is a stranger wherever it leads.
///
/// # Errors
/// The first folder, by its path, that cannot be read.
pub fn strangers(root: &Path, files: &[&str], jobs: usize) -> Result<Vec<Stranger>, (String, io::Error)> {
    let folders = folders_of(files);
    let found = for_each(&folders, jobs, |folder| {
        look_through(root, folder, files, &folders).map_err(|error| ((*folder).to_owned(), error))
    })?;
    let mut found: Vec<Stranger> = found.into_iter().flatten().collect();
    found.sort_unstable();
    Ok(found)
}

/// The folders of files, sorted, that of all of them first.
fn folders_of<'a>(files: &[&'a str]) -> Vec<&'a str> {
    let mut folders = vec![""];
    let mut last = "";
    for path in files {
        let own = path.rsplit_once('/').map_or("", |(own, _)| own);
        if own != last {
            folders.extend(own.match_indices('/').filter_map(|(at, _)| own.get(..at)).chain([own]));
            last = own;
        }
    }
    folders.sort_unstable();
    folders.dedup();
    folders
}

fn look_through(root: &Path, folder: &str, files: &[&str], folders: &[&str]) -> io::Result<Vec<Stranger>> {
    let place = root.join(folder);
    match fs::symlink_metadata(&place) {
        Ok(found) if found.is_dir() || folder.is_empty() => {}
        // A file or a link in its place is a stranger in the folder above.
        Ok(_) => return Ok(Vec::new()),
        Err(error) if [ErrorKind::NotFound, ErrorKind::NotADirectory].contains(&error.kind()) => return Ok(Vec::new()),
        Err(error) => return Err(error),
    }
    let mut strangers = Vec::new();
    for entry in fs::read_dir(&place)? {
        let entry = entry?;
        let name = entry.file_name();
        let name = name.to_string_lossy();
        let path = if folder.is_empty() { name.into_owned() } else { format!("{folder}/{name}") };
        let is_folder = entry.file_type()?.is_dir();
        let belonging = if is_folder { folders } else { files };
        if belonging.binary_search(&path.as_str()).is_err() {
            strangers.push(Stranger { path, place: entry.path(), is_folder });
        }
    }
    Ok(strangers)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::{folders_of, strangers};

    #[test]
    fn everything_but_the_files_is_found() {
        let root = tempfile::tempdir().unwrap();
        let files = ["a/b/1", "a/b/2", "a/c/d/1", "e", "gone/1", "h/1"];
        for path in ["a/b/1", "a/b/2", "a/b/3", "a/c/d/1", "a/c/other/deep/1", "e", "f"] {
            let place = root.path().join(path);
            fs::create_dir_all(place.parent().unwrap()).unwrap();
            fs::write(place, "x").unwrap();
        }
        std::os::unix::fs::symlink("a/b", root.path().join("h")).unwrap();
        let found = strangers(root.path(), &files, 2).unwrap();
        let found: Vec<(&str, bool)> = found.iter().map(|one| (one.path.as_str(), one.is_folder)).collect();
        assert_eq!(found, [("a/b/3", false), ("a/c/other", true), ("f", false), ("h", false)]);
        assert_eq!(folders_of(&files), ["", "a", "a/b", "a/c", "a/c/d", "gone", "h"]);
        assert!(strangers(&root.path().join("nowhere"), &files, 1).is_ok_and(|found| found.is_empty()));
    }
}
