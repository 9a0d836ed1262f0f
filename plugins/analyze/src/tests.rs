//! What each transform finds, by hand-checked pictures.
