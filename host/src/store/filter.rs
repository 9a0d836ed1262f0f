//! Which resources are wanted, and in which order.

/// A column of a resource that can be tested and sorted by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Column {
    /// [`super::ResourceRow::id`] in hex.
    Id,
    /// The name.
    PublicId,
    /// `image`, `video`, `raw`.
    Kind,
    /// `upload`, `private`, ...
    Delivery,
    /// The format.
    Format,
    /// What stands before the last slash of the name.
    Folder,
    /// Where people see it.
    AssetFolder,
    /// The name that people see.
    DisplayName,
    /// The file's name.
    Filename,
    /// MD5.
    Etag,
    /// `public`, `authenticated`.
    AccessMode,
    /// Who looks at it.
    ModerationKind,
    /// What came of that.
    ModerationStatus,
    /// Unix seconds.
    Version,
    /// Size.
    Bytes,
    /// Columns.
    Width,
    /// Rows.
    Height,
    /// Pages or frames.
    Pages,
    /// Columns times rows.
    Pixels,
    /// A thousand times columns divided by rows; 0 for what is no picture.
    AspectMille,
    /// Microseconds since the epoch.
    CreatedAt,
    /// Microseconds since the epoch.
    UploadedAt,
    /// Microseconds since the epoch.
    UpdatedAt,
}

impl Column {
    /// Whether its values are text; whole numbers otherwise.
    pub fn is_text(self) -> bool {
        use Column as C;
        match self {
            C::Id
            | C::PublicId
            | C::Kind
            | C::Delivery
            | C::Format
            | C::Folder
            | C::AssetFolder
            | C::DisplayName
            | C::Filename
            | C::Etag
            | C::AccessMode
            | C::ModerationKind
            | C::ModerationStatus => true,
            C::Version
            | C::Bytes
            | C::Width
            | C::Height
            | C::Pages
            | C::Pixels
            | C::AspectMille
            | C::CreatedAt
            | C::UploadedAt
            | C::UpdatedAt => false,
        }
    }
}

/// A test of one value.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Test {
    /// Text that is this.
    Is(String),
    /// Text that is one of these.
    OneOf(Vec<String>),
    /// Text that begins so.
    Prefix(String),
    /// Text that has this somewhere, upper and lower case of ASCII alike.
    Has(String),
    /// Text that is this, or begins with it and a slash.
    Under(String),
    /// A number from one bound to the other, both included.
    Between(Option<i64>, Option<i64>),
}

/// A condition on resources.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Filter {
    /// All of these; none is always true.
    All(Vec<Filter>),
    /// One of these at least; none is never true.
    Any(Vec<Filter>),
    /// Not this.
    Not(Box<Filter>),
    /// A test of a column.
    Column(Column, Test),
    /// There is a value of this class.
    Value {
        /// Tags, context, metadata.
        class: super::ValueClass,
        /// A test of its name; none takes every name.
        name: Option<Test>,
        /// A test of its value; none takes every value.
        value: Option<Test>,
    },
}

impl Default for Filter {
    fn default() -> Filter {
        Filter::All(Vec::new())
    }
}

/// The way in which something is sorted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Direction {
    /// Smallest first.
    Ascending,
    /// Largest first.
    Descending,
}

/// Which resources to list.
#[derive(Clone, Debug, Default)]
pub struct ResourceQuery {
    /// Those that pass.
    pub filter: Filter,
    /// In this order; what is equal, and everything without an order, by id.
    pub order: Vec<(Column, Direction)>,
    /// Where the last page ended.
    pub cursor: Option<String>,
    /// At most this many, 1 to 500.
    pub limit: u32,
}

impl ResourceQuery {
    /// What a cursor of this list is bound to.
    pub(super) fn list(&self) -> String {
        format!("resources {:?} {:?}", self.filter, self.order)
    }
}
