/** What this command is told of a site. */
import type { BridgeHooks, BridgeOptions } from '../../src/bridge.ts'
import type { Cause } from '../../src/cli/explanation.ts'
import type { DjangoProject } from '../../src/settings/from-django/settings-from-django.ts'
import type { DjangoSettings } from '../../src/settings/settings.ts'
import type { UnclearCode } from '../../src/settings/unclear.ts'

/** Functions get the site's own folder, which is empty at first. Commands are those of its virtual environment. */
export interface RealSite {
  /** The file of python-fixtures/requirements is django-real-<name>.txt. */
  readonly name: string
  readonly about: string
  /** Whether it is tried only when it is named: its tables take ten minutes to make. */
  readonly isSlow?: true
  /** Lines of the module `own_settings`. */
  readonly settings?: string
  /** A database that is made for this run and put into `own_settings`; or what the site's own settings name. */
  readonly database: 'sqlite' | 'postgres' | 'own'
  /** More files in its folder. */
  readonly files?: Readonly<Record<string, string>>
  readonly env?: (folder: string) => Readonly<Record<string, string>>
  /** What makes the project, run in its folder. */
  readonly make?: (folder: string) => readonly [program: string, ...words: string[]]
  /** How the project is run. Default a manage.py with `own_settings`. */
  readonly project?: (folder: string) => DjangoProject
  /** Django's commands that set the site up. Default `migrate`. */
  readonly setUp?: readonly (readonly string[])[]
  /** Python that defines `make_user(name)`, and `more(maker)` for visitors of this site alone. */
  readonly makeUser: string
  /** A page that anybody may ask for. Default `/`. */
  readonly path?: string
  /** Kinds of visitors that the site's own Python judges, each with the code of `unclear` that says so. */
  readonly unlike?: Readonly<Record<string, UnclearCode>>
  /** What `doctor` finds with the settings of the project alone. Default nothing. */
  readonly doctor?: Cause
  readonly answers?: SiteAnswers
}

/** What answers `unclear`, and why that is right for this site. */
export interface SiteAnswers {
  readonly why: string
  readonly acknowledge?: readonly UnclearCode[]
  readonly hooks?: Pick<BridgeHooks, 'veto' | 'loadUser' | 'sessionAuthHash'>
  readonly options?: Pick<BridgeOptions, 'readCookieNames' | 'sessionTable' | 'backendsAllowingInactive'>
  /** In place of what the project says. */
  readonly settings?: Partial<DjangoSettings>
}

/** The Host that every site is asked as. */
export const HOST = 'localhost'
