//! The rules that look into files that were never written for solera-pin.

use super::*;
