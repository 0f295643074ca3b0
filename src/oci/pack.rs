//! A layout in one file, as engines load it.

use std::fs::File;
use std::io;
use std::path::Path;

/// Packs the layout in `folder` into a tar archive, a file that is not there yet. The same content gives the same bytes.
pub fn pack(folder: &Path, file: &Path) -> io::Result<()> {
    let mut archive = tar::Builder::new(File::create_new(file)?);
    archive.mode(tar::HeaderMode::Deterministic);
    for name in ["oci-layout", "index.json"] {
        archive.append_path_with_name(folder.join(name), name)?;
    }
    archive.append_dir_all("blobs", folder.join("blobs"))?;
    archive.into_inner()?.sync_all()
}
