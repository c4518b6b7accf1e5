//! Files: read whole, written whole or not at all, locked, hashed, copied.

mod hash;
mod kept;
mod lock;
mod new;
mod tree;

pub use hash::{hex, sha256, tree_sha256};
pub use kept::{open_kept, read, read_kept};
pub use lock::Lock;
pub use new::{NewFile, sweep, write};
pub use tree::{copy_tree, make_dir, tree};
