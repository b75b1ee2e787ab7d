//! How much a message may ask for.

/// How much memory a message may ask for. A length in a message is only a claim: nothing is allocated before the bytes are there, and
/// nothing above these limits is read at all.
///
/// ```
/// use regionmig_core::reencrypt::message::Limits;
/// let limits = Limits::default();
/// assert_eq!((limits.data_keys, limits.header, limits.block), (16, 256 << 10, 16 << 20));
/// ```
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Limits {
    /// So many encrypted data keys; the format has room for 65,535. 16 by default.
    pub data_keys: usize,
    /// So many bytes of header. 256 KiB by default.
    pub header: usize,
    /// So many bytes of a frame, or of a body that is not framed: one block of AES-GCM, which must be whole in memory before any of it is
    /// authentic. 16 MiB by default.
    pub block: usize,
    /// So many bytes of the whole message. None by default: memory does not depend on it.
    pub message: Option<u64>,
}

impl Limits {
    /// None: for what was written here.
    pub(super) const OWN: Self = Self { data_keys: usize::MAX, header: usize::MAX, block: usize::MAX, message: None };
}

impl Default for Limits {
    fn default() -> Self {
        Self { data_keys: 16, header: 256 << 10, block: 16 << 20, message: None }
    }
}

impl Limits {
    /// Takes messages with up to so many encrypted data keys.
    #[must_use]
    pub const fn with_data_keys(mut self, count: usize) -> Self {
        self.data_keys = count;
        self
    }

    /// Takes headers of up to so many bytes.
    #[must_use]
    pub const fn with_header(mut self, bytes: usize) -> Self {
        self.header = bytes;
        self
    }

    /// Takes frames, and bodies that are not framed, of up to so many bytes. Twice as many are held in memory.
    #[must_use]
    pub const fn with_block(mut self, bytes: usize) -> Self {
        self.block = bytes;
        self
    }

    /// Takes messages of up to so many bytes.
    #[must_use]
    pub const fn with_message(mut self, bytes: u64) -> Self {
        self.message = Some(bytes);
        self
    }
}
