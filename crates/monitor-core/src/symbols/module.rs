//! Modules: the files mapped into the process, and the functions at their addresses.

use std::{
    fs::{self, File},
    ops::Range,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
};

use addr2line::Loader;
use object::{Object, ObjectSegment, ReadCache};

use super::{StoredFrame, Symbol};

/// The mapped code of an executable or shared library.
pub(super) struct Module {
    mappings: Vec<Mapping>,
    header: Header,
    name: String,
    /// `None` until loaded, and for a file that cannot be read or has no symbols.
    loader: Option<Loader>,
}

/// One line of `/proc/self/maps`.
struct Mapping {
    addresses: Range<usize>,
    offset: u64,
    inode: u64,
    path: String,
}

/// Data from the file's headers, which are read in microseconds.
#[derive(Default)]
struct Header {
    segments: Vec<Segment>,
    build_id: Option<String>,
}

/// A mapped part of the file.
struct Segment {
    offset: u64,
    len: u64,
    address: u64,
}

impl Module {
    /// Returns all files with executable code in this process. Reads no symbols.
    pub(super) fn all() -> Vec<Self> {
        let maps = fs::read_to_string("/proc/self/maps").unwrap_or_default();
        let mut modules: Vec<Self> = Vec::new();
        for mapping in maps.lines().filter_map(Mapping::parse) {
            match modules.iter_mut().find(|module| module.path() == mapping.path) {
                Some(known) => known.mappings.push(mapping),
                None => modules.push(Self::new(mapping)),
            }
        }
        modules
    }

    fn new(mapping: Mapping) -> Self {
        let name = Path::new(&mapping.path).file_name().unwrap_or_default().to_string_lossy().into_owned();
        let name = name.trim_end_matches(DELETED).to_owned();
        Self { mappings: vec![mapping], header: Header::default(), name, loader: None }
    }

    fn path(&self) -> &str {
        self.mappings.first().map_or("", |mapping| &mapping.path)
    }

    pub(super) fn contains(&self, address: usize) -> bool {
        self.mappings.iter().any(|mapping| mapping.addresses.contains(&address))
    }

    /// Reads the headers.
    pub(super) fn read_header(&mut self) {
        let file = self.mappings.first().and_then(Mapping::file);
        self.header = file.and_then(|file| Header::of(&file)).unwrap_or_default();
    }

    /// Reads the headers, the debug information and the symbol table. Takes milliseconds to seconds, depending on their
    /// size.
    pub(super) fn load(&mut self) {
        self.read_header();
        self.loader = self.mappings.first().and_then(Mapping::file).and_then(|file| Loader::new(file).ok());
    }

    pub(super) fn has_build_id(&self, build_id: &str) -> bool {
        self.header.build_id.as_deref() == Some(build_id)
    }

    /// Returns the frame at `address`, in a form that another process of the same build can resolve.
    pub(super) fn stored(&self, address: usize) -> Option<StoredFrame> {
        let (module, build_id) = (self.name.clone(), self.header.build_id.clone());
        Some(StoredFrame { module, build_id, offset: self.offset(address)? })
    }

    /// Returns the functions at `address`, the innermost inlined one first.
    pub(super) fn symbols(&self, address: usize) -> Vec<Symbol> {
        self.offset(address).map(|offset| self.symbols_at(offset)).unwrap_or_default()
    }

    /// Returns the functions at `offset`, the innermost inlined one first.
    pub(super) fn symbols_at(&self, offset: u64) -> Vec<Symbol> {
        let named = self.loader.as_ref().map(|loader| named(loader, offset)).unwrap_or_default();
        if !named.is_empty() {
            return named;
        }
        vec![Symbol::unnamed(&self.name, offset)]
    }

    /// Returns the address in the file's own numbering, which is the same in every process.
    fn offset(&self, address: usize) -> Option<u64> {
        let mapping = self.mappings.iter().find(|mapping| mapping.addresses.contains(&address))?;
        let in_file = mapping.offset + (address - mapping.addresses.start) as u64;
        let segment = self.header.segments.iter().find(|segment| in_file.wrapping_sub(segment.offset) < segment.len);
        Some(segment.map_or(in_file, |segment| in_file - segment.offset + segment.address))
    }
}

impl Mapping {
    /// Parses a line such as `55d0a000-55d0b000 r-xp 00001000 fe:00 1234   /usr/bin/shop`.
    fn parse(line: &str) -> Option<Self> {
        let mut rest = line;
        let mut next = || {
            let (field, behind) = rest.trim_start().split_once(' ')?;
            rest = behind;
            Some(field)
        };
        let (addresses, permissions, offset, _device, inode) = (next()?, next()?, next()?, next()?, next()?);
        let path = rest.trim_start();
        let (start, end) = addresses.split_once('-')?;
        let hex = |text| u64::from_str_radix(text, 16).ok();
        let addresses = usize::try_from(hex(start)?).ok()?..usize::try_from(hex(end)?).ok()?;
        let is_code = permissions.contains('x') && path.starts_with('/');
        is_code.then_some(Self { addresses, offset: hex(offset)?, inode: inode.parse().ok()?, path: path.to_owned() })
    }

    /// Returns the path of the mapped file. A deployment may have replaced the file: the executable is still available
    /// as `/proc/self/exe`; a replaced library is not read.
    fn file(&self) -> Option<PathBuf> {
        let executable = Path::new("/proc/self/exe");
        if fs::read_link(executable).is_ok_and(|path| path == Path::new(&self.path)) {
            return Some(executable.to_owned());
        }
        let is_same = fs::metadata(&self.path).is_ok_and(|data| data.ino() == self.inode);
        is_same.then(|| PathBuf::from(&self.path))
    }
}

impl Header {
    fn of(file: &Path) -> Option<Self> {
        let data = ReadCache::new(File::open(file).ok()?);
        let object = object::File::parse(&data).ok()?;
        let segment = |segment: object::Segment<'_, '_, _>| {
            let (offset, len) = segment.file_range();
            Segment { offset, len, address: segment.address() }
        };
        let build_id = object.build_id().ok().flatten().map(|id| id.iter().map(|byte| format!("{byte:02x}")).collect());
        Some(Self { segments: object.segments().map(segment).collect(), build_id })
    }
}

fn named(loader: &Loader, offset: u64) -> Vec<Symbol> {
    let mut symbols = Vec::new();
    if let Ok(mut frames) = loader.find_frames(offset) {
        while let Ok(Some(frame)) = frames.next() {
            let function = frame.function.as_ref().and_then(|name| Some(name.demangle().ok()?.into_owned()));
            let at = frame.location;
            symbols.push(Symbol {
                function: function.unwrap_or_default(),
                file: at.as_ref().and_then(|at| at.file.map(str::to_owned)),
                line: at.as_ref().and_then(|at| at.line).unwrap_or_default(),
                column: at.as_ref().and_then(|at| at.column).unwrap_or_default(),
            });
        }
    }
    let physical = loader.find_symbol(offset).map(|name| addr2line::demangle_auto(name.into(), None).into_owned());
    match (symbols.last_mut(), physical) {
        // Line tables name a function without its path. The symbol table has the path of the physical function, which
        // is the last one.
        (Some(last), Some(name)) if !last.function.contains("::") => last.function = name,
        (None, Some(function)) => symbols.push(Symbol { function, ..Symbol::default() }),
        _ => {}
    }
    symbols
}

/// Suffix that the kernel adds to the path of a deleted file.
const DELETED: &str = " (deleted)";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mapping_of_code_is_read_with_its_path() {
        let line = "55d0a000-55d0b000 r-xp 00001000 fe:00 1234                       /srv/my shop (deleted)";
        let mapping = Mapping::parse(line).unwrap();
        assert_eq!(
            (mapping.addresses.clone(), mapping.offset, mapping.inode),
            (0x55d0_a000..0x55d0_b000, 0x1000, 1234)
        );
        assert_eq!(mapping.path, "/srv/my shop (deleted)");
        assert_eq!(Module::new(mapping).name, "my shop");
    }

    #[test]
    fn a_library_that_was_replaced_is_not_read() {
        let folder = tempfile::tempdir().unwrap();
        let [path, next] = ["libshop.so", "next"].map(|name| folder.path().join(name));
        [&path, &next].into_iter().for_each(|path| fs::write(path, "a library").unwrap());
        let inode = fs::metadata(&path).unwrap().ino();
        let mapping = Mapping { addresses: 0..1, offset: 0, inode, path: path.to_str().unwrap().to_owned() };
        assert_eq!(mapping.file().as_ref(), Some(&path));
        fs::rename(next, path).unwrap();
        assert_eq!(mapping.file(), None);
    }

    #[test]
    fn a_mapping_without_code_or_without_a_file_is_none() {
        for line in [
            "55d0a000-55d0b000 rw-p 00001000 fe:00 1234 /srv/shop",
            "7ffd0000-7ffd1000 r-xp 00000000 00:00 0 [vdso]",
            "7ffd0000-7ffd1000 r-xp 00000000 00:00 0",
            "",
        ] {
            assert!(Mapping::parse(line).is_none(), "{line}");
        }
    }
}
