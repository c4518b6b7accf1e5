//! SHA-256 of bytes and of whole directories.

use super::tree::tree;
use crate::error::{Result, file_error};
use sha2::{Digest, Sha256};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

/// The SHA-256 over the names, permissions and contents of everything in `dir`.
pub fn tree_sha256(dir: &Path) -> Result<String> {
    let mut hash = Sha256::new();
    for path in tree(dir)? {
        let source = dir.join(&path);
        let data = source.symlink_metadata().map_err(file_error(&source))?;
        hash.update(format!(
            "{}\0{:o}\0",
            path.display(),
            data.permissions().mode()
        ));
        if data.is_file() {
            hash.update(Sha256::digest(
                std::fs::read(&source).map_err(file_error(&source))?,
            ));
        } else if data.is_symlink() {
            let link = std::fs::read_link(&source).map_err(file_error(&source))?;
            hash.update(link.to_string_lossy().as_bytes());
        }
    }
    Ok(hex(&hash.finalize()))
}

/// The SHA-256 of bytes, as lower-case hex.
pub fn sha256(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

/// Bytes as lower-case hex.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
