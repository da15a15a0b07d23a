//! The folder of what-ifs inside a data folder: results by number, and the room of the one being computed.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{Read as _, Seek as _, Write as _};
use std::path::{Path, PathBuf};

use super::error::WhatIfError;
use crate::store::whatif::ResultFile;

/// Results kept; when there are more, the oldest go.
pub const MOST_KEPT: usize = 20;
/// Bytes that all results together may take; when they take more, the oldest go. The newest always stays.
const MOST_BYTES: u64 = 1 << 30;

const FOLDER: &str = "whatif";
const WORK: &str = "work";
const LOCK: &str = "lock";
const ENDING: &str = "db";

/// The what-ifs of a data folder.
#[derive(Clone, Debug)]
pub struct WhatIfFolder(PathBuf);

impl WhatIfFolder {
    /// Those of this data folder; nothing is made.
    #[must_use]
    pub fn of(data_folder: &Path) -> Self {
        Self(data_folder.join(FOLDER))
    }

    /// Removes what a process that died left behind. A what-if that is being computed is left alone.
    pub fn clean(&self) {
        if !self.0.join(WORK).exists() {
            return;
        }
        match self.lock() {
            Ok(_lock) => {
                if let Err(error) = remove(&self.0.join(WORK)) {
                    tracing::warn!(%error, "what a what-if left behind could not be removed");
                }
            }
            Err(error) => tracing::debug!(%error, "what a what-if works with was left alone"),
        }
    }

    /// Takes the room for a new what-if.
    ///
    /// # Errors
    /// [`WhatIfError::Busy`] while another one has it, [`WhatIfError::File`] when the folder cannot be used.
    pub(super) fn begin(&self) -> Result<Room, WhatIfError> {
        fs::create_dir_all(&self.0).map_err(failed(&self.0))?;
        let (lock, last) = self.lock()?;
        let work = self.0.join(WORK);
        remove(&work)?;
        fs::create_dir(&work).map_err(failed(&work))?;
        let number = self.numbers()?.last().copied().unwrap_or_default().max(last) + 1;
        Ok(Room { folder: self.clone(), number, lock })
    }

    /// Locks the folder for this process; gives the highest number ever used as well.
    fn lock(&self) -> Result<(File, u32), WhatIfError> {
        let path = self.0.join(LOCK);
        let mut file =
            OpenOptions::new().read(true).write(true).create(true).truncate(false).open(&path).map_err(failed(&path))?;
        let locked = file.try_lock();
        let mut text = String::new();
        let readable = file.read_to_string(&mut text);
        let mut words = text.split_whitespace().map(|word| word.parse::<u32>().unwrap_or_default());
        let (pid, last) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
        match locked {
            Ok(()) => {
                readable.map_err(failed(&path))?;
                write_lock(&mut file, last).map_err(failed(&path))?;
                Ok((file, last))
            }
            Err(TryLockError::WouldBlock) => Err(WhatIfError::Busy { pid }),
            Err(TryLockError::Error(source)) => Err(failed(&path)(source)),
        }
    }

    /// The numbers of the results in ascending order.
    ///
    /// # Errors
    /// [`WhatIfError::File`] when the folder cannot be read.
    pub fn numbers(&self) -> Result<Vec<u32>, WhatIfError> {
        if !self.0.exists() {
            return Ok(Vec::new());
        }
        let mut numbers = Vec::new();
        for entry in fs::read_dir(&self.0).map_err(failed(&self.0))? {
            let path = entry.map_err(failed(&self.0))?.path();
            if path.extension().is_some_and(|ending| ending == ENDING)
                && let Some(number) = path.file_stem().and_then(|stem| stem.to_str()?.parse().ok())
            {
                numbers.push(number);
            }
        }
        numbers.sort_unstable();
        Ok(numbers)
    }

    fn result(&self, number: u32) -> PathBuf {
        self.0.join(format!("{number}.{ENDING}"))
    }

    /// Opens a result.
    ///
    /// # Errors
    /// [`WhatIfError::Unknown`] when there is none of that number, [`WhatIfError::Store`] when it cannot be read.
    pub(super) fn open(&self, number: u32) -> Result<ResultFile, WhatIfError> {
        let path = self.result(number);
        if !path.is_file() {
            return Err(self.unknown(number)?);
        }
        Ok(ResultFile::open(&path)?)
    }

    /// Deletes a result.
    ///
    /// # Errors
    /// [`WhatIfError::Unknown`] when there is none of that number, [`WhatIfError::File`] when it cannot be deleted.
    pub fn delete(&self, number: u32) -> Result<(), WhatIfError> {
        let path = self.result(number);
        match fs::remove_file(&path) {
            Ok(()) => Ok(()),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Err(self.unknown(number)?),
            Err(source) => Err(failed(&path)(source)),
        }
    }

    fn unknown(&self, number: u32) -> Result<WhatIfError, WhatIfError> {
        let known: Vec<String> = self.numbers()?.iter().map(ToString::to_string).collect();
        let known = if known.is_empty() { "there is none yet".to_owned() } else { format!("there are {}", known.join(", ")) };
        Ok(WhatIfError::Unknown { number, known })
    }
}

/// The room of a what-if that is being computed; what is in it goes with it.
#[derive(Debug)]
pub(super) struct Room {
    folder: WhatIfFolder,
    /// The number that the result gets.
    pub(super) number: u32,
    /// The operating system frees it when the process ends, however it ends.
    lock: File,
}

impl Room {
    /// Place of the copy of the database.
    pub(super) fn copy(&self) -> PathBuf {
        self.folder.0.join(WORK).join("copy.db")
    }

    /// Place of the result while it is being written.
    pub(super) fn result(&self) -> PathBuf {
        self.folder.0.join(WORK).join("result.db")
    }

    /// Keeps the result under its number, and removes the oldest when there are too many.
    pub(super) fn keep(mut self) -> Result<(), WhatIfError> {
        let place = self.folder.result(self.number);
        fs::rename(self.result(), &place).map_err(failed(&place))?;
        write_lock(&mut self.lock, self.number).map_err(failed(&place))?;
        self.folder.purge(MOST_BYTES)
    }
}

impl WhatIfFolder {
    /// Deletes the oldest results when there are too many, or when together they take too much room.
    fn purge(&self, most_bytes: u64) -> Result<(), WhatIfError> {
        let mut bytes = 0;
        for (place, number) in self.numbers()?.into_iter().rev().enumerate() {
            // One that somebody else has just deleted takes no room.
            bytes += fs::metadata(self.result(number)).map_or(0, |file| file.len());
            if place < MOST_KEPT && (place == 0 || bytes <= most_bytes) {
                continue;
            }
            match self.delete(number) {
                // Somebody else deleted it.
                Ok(()) | Err(WhatIfError::Unknown { .. }) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        if let Err(error) = remove(&self.folder.0.join(WORK)) {
            tracing::warn!(%error, "what a what-if left behind could not be removed; the next start will");
        }
    }
}

fn write_lock(file: &mut File, last: u32) -> std::io::Result<()> {
    file.set_len(0)?;
    file.rewind()?;
    write!(file, "{} {last}", std::process::id())
}

fn remove(folder: &Path) -> Result<(), WhatIfError> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(failed(folder)(error)),
        _ => Ok(()),
    }
}

fn failed(path: &Path) -> impl Fn(std::io::Error) -> WhatIfError + use<> {
    let path = path.display().to_string();
    move |source| WhatIfError::File { path: path.clone(), source }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder() -> (tempfile::TempDir, WhatIfFolder) {
        let data = tempfile::tempdir().unwrap();
        let folder = WhatIfFolder::of(data.path());
        (data, folder)
    }

    fn store(folder: &WhatIfFolder) -> u32 {
        let room = folder.begin().unwrap();
        let number = room.number;
        ResultFile::create(&room.result()).unwrap().finish("{}").unwrap();
        room.keep().unwrap();
        number
    }

    #[test]
    fn numbers_count_upwards_and_are_not_given_out_twice() {
        let (_data, folder) = folder();
        assert_eq!(folder.numbers().unwrap(), [0u32; 0]);
        assert_eq!([store(&folder), store(&folder)], [1, 2]);
        folder.delete(2).unwrap();
        assert_eq!(store(&folder), 3);
        assert_eq!(folder.numbers().unwrap(), [1, 3]);
        let message = folder.delete(2).unwrap_err().to_string();
        assert!(message.contains("there are 1, 3"), "{message}");
        assert!(folder.open(7).is_err());
        assert_eq!(folder.open(3).unwrap().report().unwrap(), "{}");
    }

    #[test]
    fn the_oldest_results_go() {
        let (_data, folder) = folder();
        for _ in 0..MOST_KEPT + 2 {
            store(&folder);
        }
        let numbers = folder.numbers().unwrap();
        assert_eq!((numbers.len(), numbers.first()), (MOST_KEPT, Some(&3)));
        let one = fs::metadata(folder.result(22)).unwrap().len();
        folder.purge(3 * one).unwrap();
        assert_eq!(folder.numbers().unwrap(), [20, 21, 22]);
        folder.purge(1).unwrap();
        assert_eq!(folder.numbers().unwrap(), [22]);
    }

    #[test]
    fn one_at_a_time_and_nothing_is_left() {
        let (data, folder) = folder();
        let room = folder.begin().unwrap();
        fs::write(room.copy(), "copy").unwrap();
        assert!(matches!(folder.begin(), Err(WhatIfError::Busy { pid }) if pid == std::process::id()));
        // Cleaning leaves the one alone that is being computed.
        folder.clean();
        assert!(room.copy().exists());
        drop(room);
        assert!(!data.path().join("whatif").join("work").exists());
    }

    #[test]
    fn what_a_dead_process_left_is_cleaned() {
        let (data, folder) = folder();
        folder.clean();
        assert!(!data.path().join("whatif").exists(), "looking makes nothing");
        assert_eq!(store(&folder), 1);
        let work = data.path().join("whatif").join("work");
        fs::create_dir(&work).unwrap();
        fs::write(work.join("copy.db-wal"), "half a copy").unwrap();
        folder.clean();
        assert!(!work.exists());
        fs::create_dir(&work).unwrap();
        assert_eq!(store(&folder), 2);
        assert!(!work.exists());
    }
}
