#include "CSQLiteBatch.h"
