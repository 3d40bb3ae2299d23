//! A disk as harsh as the standard allows: what was not synced may be lost, in whole or in part, in any order.
//!
//! - The bytes of a file are as they were at its last sync; of the writes since, any part may have reached it, each of them
//!   whole or torn at a sector.
//! - A name in a folder is as it was at the folder's last sync; of the changes since, the first few may have reached it.
//!   Syncing a file does not sync its name.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use cybermesh_state::made::Random;

use crate::trace::Step;

/// 512 bytes are written whole or not at all.
const SECTOR: usize = 512;

type Id = usize;

#[derive(Clone, Debug)]
enum Node {
    File(File),
    Folder(Folder),
}

#[derive(Clone, Debug, Default)]
struct File {
    synced: Vec<u8>,
    pending: Vec<Change>,
}

#[derive(Clone, Debug)]
enum Change {
    Write(usize, Vec<u8>),
    Length(usize),
}

#[derive(Clone, Debug, Default)]
struct Folder {
    synced: BTreeMap<String, Id>,
    now: BTreeMap<String, Id>,
    pending: Vec<Naming>,
}

/// A change of names that happens whole or not at all.
#[derive(Clone, Debug)]
struct Naming {
    gone: Option<String>,
    set: Option<(String, Id)>,
}

/// How much of what was not synced is kept.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Keeps {
    /// Nothing.
    Nothing,
    /// Everything before a random moment, for each file and folder.
    Beginning,
    /// Any part, torn at sectors.
    AnyPart,
}

/// The folder of a run, as a disk holds it.
#[derive(Clone, Debug)]
pub struct Disk {
    root: PathBuf,
    nodes: Vec<Node>,
    open: BTreeMap<i32, Id>,
}

impl Disk {
    /// What stands in a folder, all of it synced.
    pub fn load(root: &Path) -> io::Result<Self> {
        let mut disk = Self { root: root.to_owned(), nodes: Vec::new(), open: BTreeMap::new() };
        disk.load_folder(root)?;
        Ok(disk)
    }

    fn add(&mut self, node: Node) -> Id {
        self.nodes.push(node);
        self.nodes.len() - 1
    }

    fn load_folder(&mut self, place: &Path) -> io::Result<Id> {
        let id = self.add(Node::Folder(Folder::default()));
        let mut names = BTreeMap::new();
        for entry in fs::read_dir(place)? {
            let entry = entry?;
            let node = if entry.file_type()?.is_dir() {
                self.load_folder(&entry.path())?
            } else {
                let synced = fs::read(entry.path())?;
                self.add(Node::File(File { synced, pending: Vec::new() }))
            };
            names.insert(entry.file_name().to_string_lossy().into_owned(), node);
        }
        if let Some(Node::Folder(folder)) = self.nodes.get_mut(id) {
            *folder = Folder { synced: names.clone(), now: names, pending: Vec::new() };
        }
        Ok(id)
    }

    /// Plays a trace.
    pub fn play(&mut self, steps: Vec<Step>) {
        for step in steps {
            // Files that the C library made by itself (RocksDB's own log) are unknown here; they hold no promise.
            let _known = self.step(step);
        }
    }

    fn step(&mut self, step: Step) -> Option<()> {
        match step {
            Step::Open { fd, path, truncate, create } => self.open(fd, &path, truncate, create)?,
            Step::Write { fd, offset, bytes } => self.file(fd)?.pending.push(Change::Write(offset, bytes)),
            Step::Truncate { fd, length } => self.file(fd)?.pending.push(Change::Length(length)),
            Step::Sync { fd } => match self.nodes.get_mut(*self.open.get(&fd)?)? {
                Node::File(file) => {
                    let pending = std::mem::take(&mut file.pending);
                    pending.iter().for_each(|change| change.apply(&mut file.synced));
                }
                Node::Folder(folder) => {
                    folder.synced = folder.now.clone();
                    folder.pending.clear();
                }
            },
            Step::Rename { from, to } => self.rename(&from, &to)?,
            Step::Unlink(path) | Step::RemoveFolder(path) => {
                let (folder, name) = self.parent(&path)?;
                folder.change(Naming { gone: Some(name), set: None });
            }
            Step::MakeFolder(path) => {
                let id = self.add(Node::Folder(Folder::default()));
                let (folder, name) = self.parent(&path)?;
                folder.change(Naming { gone: None, set: Some((name, id)) });
            }
        }
        Some(())
    }

    fn open(&mut self, fd: i32, path: &Path, truncate: bool, create: bool) -> Option<()> {
        self.open.remove(&fd);
        let id = match self.find(path) {
            Some(id) => id,
            None if create => {
                let id = self.add(Node::File(File::default()));
                let (folder, name) = self.parent(path)?;
                folder.change(Naming { gone: None, set: Some((name, id)) });
                id
            }
            None => return None,
        };
        self.open.insert(fd, id);
        if truncate {
            self.file(fd)?.pending.push(Change::Length(0));
        }
        Some(())
    }

    fn file(&mut self, fd: i32) -> Option<&mut File> {
        match self.nodes.get_mut(*self.open.get(&fd)?)? {
            Node::File(file) => Some(file),
            Node::Folder(_) => None,
        }
    }

    fn find(&self, path: &Path) -> Option<Id> {
        let mut id = 0;
        for part in path.strip_prefix(&self.root).ok()? {
            let Node::Folder(folder) = self.nodes.get(id)? else { return None };
            id = *folder.now.get(part.to_str()?)?;
        }
        Some(id)
    }

    fn parent(&mut self, path: &Path) -> Option<(&mut Folder, String)> {
        let name = path.file_name()?.to_str()?.to_owned();
        let id = self.find(path.parent()?)?;
        match self.nodes.get_mut(id)? {
            Node::Folder(folder) => Some((folder, name)),
            Node::File(_) => None,
        }
    }

    fn rename(&mut self, from: &Path, to: &Path) -> Option<()> {
        let id = self.find(from)?;
        let (folder, old) = self.parent(from)?;
        if from.parent() == to.parent() {
            let name = to.file_name()?.to_str()?.to_owned();
            folder.change(Naming { gone: Some(old), set: Some((name, id)) });
            return Some(());
        }
        folder.change(Naming { gone: Some(old), set: None });
        let (folder, name) = self.parent(to)?;
        folder.change(Naming { gone: None, set: Some((name, id)) });
        Some(())
    }

    /// The power goes: what is left is written to an empty folder.
    pub fn cut(&self, keeps: Keeps, random: &mut Random, to: &Path) -> io::Result<()> {
        self.write(0, keeps, random, to)
    }

    fn write(&self, id: Id, keeps: Keeps, random: &mut Random, to: &Path) -> io::Result<()> {
        match self.nodes.get(id) {
            None => Ok(()),
            Some(Node::File(file)) => fs::write(to, file.left(keeps, random)),
            Some(Node::Folder(folder)) => {
                fs::create_dir_all(to)?;
                for (name, id) in folder.left(keeps, random) {
                    self.write(id, keeps, random, &to.join(name))?;
                }
                Ok(())
            }
        }
    }
}

impl Change {
    fn apply(&self, content: &mut Vec<u8>) {
        match self {
            Self::Length(length) => content.resize(*length, 0),
            Self::Write(offset, bytes) => put(content, *offset, bytes),
        }
    }

    /// Applies some sectors of a write.
    fn apply_torn(&self, content: &mut Vec<u8>, random: &mut Random) {
        let Self::Write(offset, bytes) = self else { return self.apply(content) };
        let mut at = 0;
        while at < bytes.len() {
            let end = bytes.len().min(at + SECTOR - (offset + at) % SECTOR);
            if random.below(2) == 0 {
                put(content, offset + at, &bytes[at..end]);
            }
            at = end;
        }
    }
}

fn put(content: &mut Vec<u8>, offset: usize, bytes: &[u8]) {
    let end = offset + bytes.len();
    if content.len() < end {
        content.resize(end, 0);
    }
    content[offset..end].copy_from_slice(bytes);
}

impl File {
    fn left(&self, keeps: Keeps, random: &mut Random) -> Vec<u8> {
        let mut content = self.synced.clone();
        match keeps {
            Keeps::Nothing => {}
            Keeps::Beginning => {
                let kept = random.below(self.pending.len() as u64 + 1) as usize;
                self.pending[..kept].iter().for_each(|change| change.apply(&mut content));
            }
            Keeps::AnyPart => {
                for change in &self.pending {
                    match random.below(3) {
                        0 => change.apply(&mut content),
                        1 => change.apply_torn(&mut content, random),
                        _ => {}
                    }
                }
            }
        }
        content
    }
}

impl Folder {
    fn change(&mut self, naming: Naming) {
        naming.apply(&mut self.now);
        self.pending.push(naming);
    }

    fn left(&self, keeps: Keeps, random: &mut Random) -> BTreeMap<String, Id> {
        let kept = match keeps {
            Keeps::Nothing => 0,
            Keeps::Beginning | Keeps::AnyPart => random.below(self.pending.len() as u64 + 1) as usize,
        };
        let mut names = self.synced.clone();
        self.pending[..kept].iter().for_each(|naming| naming.apply(&mut names));
        names
    }
}

impl Naming {
    fn apply(&self, names: &mut BTreeMap<String, Id>) {
        if let Some(gone) = &self.gone {
            names.remove(gone);
        }
        if let Some((name, id)) = &self.set {
            names.insert(name.clone(), *id);
        }
    }
}
