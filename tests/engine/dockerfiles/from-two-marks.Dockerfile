#: form bom
#: refused unknown instruction
﻿FROM node:22
