/** What a site says of the table of its user model. */

export interface UserTable {
  /** Default that of AUTH_USER_MODEL: `MyShop.Member` is `MyShop_member`. `schema.table` and `"schema"."table"` are understood. */
  readonly name?: string
  /** The alias in DATABASES of the database that users are in. Default `default`, where the sessions are. */
  readonly using?: string
  /** The column of the primary key. Default `id`. */
  readonly primaryKey?: string
  /** For settings written by hand: the columns to read beside primary key, password and is_active; all by default. */
  readonly columns?: readonly string[]
  /** The model's fields by attribute name (`company_id`), as `settingsFromDjango` finds them; they go before `columns`. */
  readonly fields?: Readonly<Record<string, UserField>>
  /** The tables that a model inherits from, each joined by its key, as `settingsFromDjango` finds them. */
  readonly parents?: readonly ParentTable[]
  /** The model has no field `is_active`, and its class says True: every user is active. */
  readonly alwaysActive?: true
}

/** One field of the user model. */
export interface UserField {
  readonly column: string
  /**
   * Django's internal type, `BooleanField` for example. `unknown` is a field with a conversion of its own: its values
   * are those of its column's type.
   */
  readonly type: string
  /** The table that has the column, where it is a parent's. Default the user table. */
  readonly table?: string
  /** Of a foreign key: the internal type of the key that it points to. */
  readonly target?: string
  /** Of a DecimalField: `decimal_places`, which SQLite does not keep. */
  readonly decimalPlaces?: number
}

/** A table that the user model inherits from. */
export interface ParentTable {
  readonly table: string
  /** The column of the parent's key. */
  readonly primaryKey: string
  /** The column that holds the same key in the child's table. */
  readonly link: string
  /** The table that has `link`. Default the user table. */
  readonly of?: string
}
