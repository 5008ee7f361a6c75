"""What every section of `mooring.toml` is built on."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field


class Section(BaseModel):
    """Nothing but what is named, and no value in a message about what is wrong."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


Id = Annotated[str, Field(pattern=r"^[a-z0-9_]{1,32}$")]
